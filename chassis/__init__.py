"""What every service stands on: mechanism only. It knows no service by name."""
