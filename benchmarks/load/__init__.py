"""How fast the service is, beside what the transport costs and what others charge for the same job."""
