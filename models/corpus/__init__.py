"""Music to train and judge on: packages, synthesis, scores and credits."""
