"""Help text of `az webapp python export`."""

from knack.help_files import helps

helps["webapp python export"] = """
type: command
short-summary: Print an app's Python as an ARM template, as Bicep or for Terraform.
long-summary: >-
    What the text says: the site extensions of the app's Pythons with the versions of their packages, one after the
    other; what the worker has to be like for them (bitness, web sockets, Always On); and the app settings that decide
    what starts. It creates no app and has no names of one: these are parameters.


    What no template can say is in its comments, with the command that does it: web.config, packages, and Pythons that
    come from python.org's own builds. No value that may be secret is written. App Service replaces all app settings at
    once, so the others are a parameter that has to be given.


    The same app gives the same text. Nothing is changed on the app.
examples:
  - name: Write an app's Python as Bicep, and deploy it to another app.
    text: |-
        az webapp python export -g MyGroup -n MyApp --format bicep --output-file python.bicep
        az deployment group create -g OtherGroup --template-file python.bicep --parameters siteName=OtherApp
  - name: Print what gives an app Python 3.6.4, for Terraform, without asking an app.
    text: az webapp python export --version 3.6.4 --name MyApp --format terraform
"""
