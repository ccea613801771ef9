"""Music for training, evaluation and demos: packages, synthesised pieces, composed scores, and their credits."""
