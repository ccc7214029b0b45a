"""The database engine behind one small protocol, and the SQL of every query."""
