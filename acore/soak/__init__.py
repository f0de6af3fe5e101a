"""Long runs that look for what a short test cannot show: leaks, losses, disagreements."""
