"""What the journal says happened, fed to the actors again."""
