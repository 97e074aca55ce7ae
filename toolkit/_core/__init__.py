"""The ground floor: what every room needs and no room owns. No torch here."""
