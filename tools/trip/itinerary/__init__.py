"""Read and edit a trip's schedule, stays and transport in any stored shape."""
