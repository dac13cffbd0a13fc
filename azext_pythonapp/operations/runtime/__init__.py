"""Commands about runtimes: which there are, which are on the app, install and uninstall one."""
