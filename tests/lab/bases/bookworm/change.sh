recipe
