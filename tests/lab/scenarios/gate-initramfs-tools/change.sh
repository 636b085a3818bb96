gated
