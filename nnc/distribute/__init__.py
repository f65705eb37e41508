"""Work of many networks and of several processes or machines, by engines that exist."""
