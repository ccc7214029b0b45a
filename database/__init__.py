"""The database engine, the protocol it implements, and the SQL of all queries."""
