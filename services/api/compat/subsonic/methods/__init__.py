"""The methods of OpenSubsonic, by subject. Each module lists its methods in `METHODS`."""
