"""`doctor`: what is wrong with an app, and the commands that fix it."""

from azext_pythonapp.custom.opening import app_named, console, fail_after_answer, output_format


def diagnose_app(cmd, resource_group_name, webapp_name, slot=None, check=None, fix=False, yes=False, dry_run=False):
    from azext_pythonapp.operations.doctor import command

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        request = command.DoctorRequest.from_options(checks=check, fix=fix, dry_run=dry_run, confirmed=yes)
        answer = command.doctor(opened(), request, dry_run)
        if output_format(cmd) == "table":
            console(cmd).conclude(*command.lines_below(answer))
        if answer["summary"]["fail"]:
            fail_after_answer(cmd, [])
        return answer
