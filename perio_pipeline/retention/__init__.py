"""Where patients' values lie, how long they stay, and how they are removed."""
