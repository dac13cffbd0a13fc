"""Remote jobs: long work on the worker that is started once, followed live, and found again after a lost connection.

request.py   what a job is asked to do, and the files of its folder
launch.py    start one: one upload and one command that nobody waits for
follow.py    read its log as it grows, until it is over
store.py     find jobs again: one by its id, or the newest
left.py      what jobs leave to do with the app
state.py     what is known of a job
site.py      what is needed of the SCM site for all this
"""
