"""An app that cannot be imported: the module that it needs is in no package index."""
import a_module_that_nobody_has

application = a_module_that_nobody_has.application
