"""`export`: an app's Python as code for Azure: ARM JSON, Bicep and Terraform."""
