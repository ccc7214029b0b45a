"""Tools whose answers hosts can draw as pictures: a trip, a month, the migration."""
