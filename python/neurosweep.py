"""What a script needs to report to the sweep that runs it: a few calls of wandb, without W&B. Try `import neurosweep as wandb`.

    import neurosweep
    run = neurosweep.init(config={"lr": 1e-3})          # the sweep's parameters replace these defaults
    if run.resume_path: ...                             # go on from this file, at update run.resume_update
    for update in range(run.resume_update + 1, 1001):
        neurosweep.log({"loss": 0.5}, step=update)
        if update % 100 == 0:                           # write it in neurosweep.folder(), one name per checkpoint
            neurosweep.checkpoint(path, update)         # from here on the trial can be resumed
    neurosweep.summary["accuracy"] = 0.9
    neurosweep.finish()

Outside of a sweep everything works and reports nothing. Pure Python 3.8 or newer, no dependencies.
"""
import json, os, stat, threading

_env = os.environ.get
_lock, _step, run = threading.Lock(), None, None


def _dict(values):
    return vars(values) if hasattr(values, "__dict__") and not isinstance(values, dict) else dict(values)


class Config(dict):
    """The parameters, as a dictionary whose keys are attributes, too: config.lr, config["lr"]."""

    def __getattr__(self, name):
        try:
            return Config(self[name]) if type(self[name]) is dict else self[name]
        except KeyError:
            raise AttributeError(name) from None

    __setattr__ = dict.__setitem__

    def update(self, other=(), allow_val_change=None, **more):
        dict.update(self, _dict(other), **more)

    def setdefaults(self, other):
        dict.update(self, {**_dict(other), **self})


class Summary(dict):
    """What the trial comes to: its last values, or what is set here."""

    def __setitem__(self, name, value):
        self.update({name: value})

    def update(self, other=(), **more):
        other = dict(other, **more)
        dict.update(self, other)
        _send({"summary": other})


def _plain(value):
    """A number that JSON knows, of whatever library: numpy and torch scalars have item()."""
    return value.item() if hasattr(value, "item") else str(value)


def _send(message):
    line = (json.dumps(message, default=_plain) + "\n").encode()
    with _lock:
        try:  # the descriptor is there unless this process was started by one that closes them
            fd = int(_env("NEUROSWEEP_METRICS_FD", "-1"))
            pipe = fd >= 0 and stat.S_ISFIFO(os.fstat(fd).st_mode)
        except (OSError, ValueError):
            pipe = False
        if pipe:
            while line:
                line = line[os.write(fd, line):]
        elif _env("NEUROSWEEP_METRICS"):
            with open(_env("NEUROSWEEP_METRICS"), "ab", buffering=0) as f:
                f.write(line)


class Run:
    """The trial that this script is an attempt at."""

    def __init__(self):
        self.id, self.name, self.project = _env("NEUROSWEEP_TRIAL", "local"), _env("NEUROSWEEP_TRIAL", "local")[:8], _env("NEUROSWEEP_SWEEP")
        self.sweep_id, self.dir, self.attempt = _env("NEUROSWEEP_SWEEP"), folder(), int(_env("NEUROSWEEP_ATTEMPT", "1"))
        self.seed = int(_env("NEUROSWEEP_SEED", "0"))  # the number of the repeat
        self.resume_update, self.resume_path = int(_env("NEUROSWEEP_RESUME_UPDATE", "0")), _env("NEUROSWEEP_RESUME")
        self.resumed, self.config, self.summary = self.resume_path is not None, config, summary

    def __enter__(self):
        return self

    def __exit__(self, *_):
        finish()

    def log(self, *args, **kwargs):
        log(*args, **kwargs)

    def finish(self, *_, **__):
        finish()

    def watch(self, *_, **__):
        pass

    define_metric = watch


def folder():
    """The trial's folder, the same for every attempt."""
    return _env("NEUROSWEEP_FOLDER", os.getcwd())


def init(config=None, **_):
    """Begin. config are defaults, which the sweep's parameters replace; other arguments of wandb.init are accepted and have no effect."""
    global run
    globals()["config"].setdefaults(config or {})
    run = Run()
    return run


def log(metrics, step=None, commit=None, **_):
    """Report metrics after an update. Without step it is the one after the last, from 0, or from that of the checkpoint on; with commit=False it stays the same."""
    global _step
    if _step is None:
        _step = int(_env("NEUROSWEEP_RESUME_UPDATE", "-1")) + 1
    _step = _step if step is None else int(step)
    _send(dict(metrics, update=_step))
    if commit or commit is None and step is None:
        _step += 1


def checkpoint(path, update):
    """Report a file from which the trial can be resumed after an update. It must be complete; write the next one under another name."""
    _send({"checkpoint": {"update": int(update), "path": os.path.abspath(path)}})


def finish(*_, **__):
    """End. Everything was reported already."""


watch = define_metric = finish
summary = Summary()
config = Config(json.loads(_env("NEUROSWEEP_PARAMS", "{}")))
