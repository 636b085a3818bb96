complete --keep-order --exclusive --command isctpl --arguments "(ISCTPL_COMPLETE=fish isctpl -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
