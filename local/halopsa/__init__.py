"""A HaloPSA that lives in memory on one machine, faithful enough that HaloPSA clients cannot tell."""
