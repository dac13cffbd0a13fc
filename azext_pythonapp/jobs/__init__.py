"""Remote jobs: long work on the worker that is started once, followed live, and found again after a lost connection.

request.py           what a job is asked to do, and the files of its folder
launch.py            start one: one upload and one command that nobody waits for
follow.py            read its log as it grows, until it is over
store.py             find jobs again: one by its id, or the newest
pending_restart.py   which restarts and starts of the app are still to be done after jobs
state.py             what is known of a job
"""
