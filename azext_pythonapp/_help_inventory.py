"""Help text of `az webapp python inventory`."""

from knack.help_files import helps

helps["webapp python inventory"] = """
type: command
short-summary: List the Windows web apps and slots of many subscriptions, and what they run.
long-summary: >-
    One query of Azure Resource Graph selects the apps; where that is refused, the lists of each subscription are read.
    Then each app is asked through its own SCM site, stopped apps too: which Python web.config starts and until when it
    gets fixes, handler, entry point and packages. An app that cannot be read has an `error` and ends nothing.


    Function apps and containers are left out, and so are Linux apps, which are counted. When a subscription, or the
    slots of an app, could not be read, a message says so and the exit code is 1: then there may be more apps.
examples:
  - name: See what all apps run.
    text: az webapp python inventory --output table
  - name: Write a report for a browser.
    text: az webapp python inventory --output-file report.html --output none
  - name: List the ids of the apps of a team whose Python gets no fixes any more.
    text: az webapp python inventory --tag team=shop --end-of-life --query "[?runtime].id" --output tsv
  - name: Cut all apps of two subscriptions into 8 shards for a pipeline.
    text: az webapp python inventory --subscriptions Production Test --matrix 8
"""
