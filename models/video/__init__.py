"""Video clips to the music that fits them: frames, cuts and motion, mood and energy over time."""
