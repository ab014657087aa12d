"""The class on JupyterHub: its folder, its people, their servers, and the `course hub` command. For instructors."""
