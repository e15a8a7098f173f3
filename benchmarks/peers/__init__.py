"""What `benchmarks/ppo.py` shares with TRL's PPO: the job, the prompts, the reward and the measurement."""
