// The program that a Python session runs: takes cells from standard input as lines of JSON, runs them in one namespace
// and shows the value of a last expression, as a notebook does. Python 3.8 and newer.
//
// What cells print goes to descriptors 1 and 2, whoever writes there. After each cell the end mark of the request is
// written to both, then the reply to CHANNEL_FD: so it is known what belongs to which cell.

import { CHANNEL_FD } from '../program/confined-process.js';

export interface CellRequest {
  readonly code: string;
  readonly endMark: string;
  /** CPU time that this cell may use, in seconds. */
  readonly cpuSeconds: number;
}

export interface CellReply {
  readonly isOk: boolean;
}

export const DRIVER = `
import ast, builtins, json, linecache, os, resource, signal, sys, traceback

def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]

def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass

def run(code, name, space):
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    tree = ast.parse(code, name)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not code.rstrip().endswith(';'):
        last = ast.Expression(tree.body.pop().value)
    exec(compile(tree, name, 'exec'), space)
    if last is not None:
        value = eval(compile(last, name, 'eval'), space)
        if value is not None:
            space['_'] = value
            print(repr(value))

def problem(error):
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename in ('<string>', ast.__file__):
        frames = frames.tb_next
    return ''.join(traceback.format_exception(type(error), error, frames))

def main():
    requests = os.fdopen(os.dup(0), 'r', encoding='utf-8', newline='\\n')
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.set_inheritable(${CHANNEL_FD}, False)
    sys.argv = ['']
    space = {'__name__': '__main__', '__builtins__': builtins}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number, line in enumerate(requests, 1):
        request = json.loads(line)
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + 1 + request['cpuSeconds']
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        ok = False
        try:
            try:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                run(request['code'], '<cell %d>' % number, space)
                ok = True
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                flush()
        except BaseException as error:
            write_all(1, problem(error).encode('utf-8', 'replace'))
        mark = request['endMark'].encode()
        for fd in (1, 2):
            try:
                write_all(fd, mark)
            except OSError:
                pass # a cell has closed it
        write_all(${CHANNEL_FD}, (json.dumps({'isOk': ok}) + '\\n').encode())

main()
`;
