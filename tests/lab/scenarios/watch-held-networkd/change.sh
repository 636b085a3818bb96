watched
