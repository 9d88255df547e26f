"""What executes plans: the runner, its pooled resources, and the dispatchers that reach it."""
