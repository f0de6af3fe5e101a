"""What the runtime is measured against: loops written by hand for one purpose each, without features."""
