"""Shell-type tools: requests, the command each one means, and plausible outputs."""

from paraphrase import paraphrase
from phrases import DO, Draw, dress, join

STEMS = ('app main test index server notes report data todo readme config utils build deploy parser model engine client setup run draft plan budget summary list example demo script lib core old new backup log results '
         'users orders items prices photo letter invoice chapter intro final page style theme query schema table').split()
EXTENSIONS = ['txt', 'py', 'js', 'md', 'json', 'ts', 'c', 'cpp', 'toml', 'yaml', 'html', 'css', 'csv', 'log', 'sh', 'rs', 'go', 'sql', 'xml', 'ini']
FOLDERS = 'src lib docs tests build dist scripts data assets images config backup tmp notes public server client models tools examples packages archive old logs music photos downloads work'.split()

# (command, infinitive phrases). Slots: {f} file, {g} another file, {d} folder, {n} number, {w} word, {t} text, {h} host, {p} program, {e} extension
COMMANDS: list[tuple[str, list[str]]] = [
    ('ls', ['list the files', 'list the files', 'list files', 'show the files', 'show me the files', 'list all files', 'list the files here', 'list the files in this folder', 'list the files in the current directory', 'see the files', 'see which files are here', 'list the directory', 'list the contents of this directory', 'show what is in this folder',
             'show the files in this directory', 'tell me which files are here', 'print the list of files', 'give me a list of the files', 'list the current directory', 'show me what files we have', 'list everything in this folder', 'display the files', 'list the folder contents', 'get the list of files', 'look at what is in the current folder', 'run ls',
             'find out which files are in this directory', 'show the contents of the current folder', 'show me the directory contents', 'enumerate the files', 'tell me what files exist here', 'check what files there are', 'list my files', 'list the project files']),
    ('ls -a', ['list all files including hidden ones', 'show hidden files', 'list the hidden files too', 'show the hidden files', 'list files with hidden ones', 'display hidden files as well', 'see the hidden files', 'list everything including dotfiles', 'show the dotfiles']),
    ('ls -l', ['list the files with details', 'show the file sizes and dates', 'make a long listing', 'list the files in long format', 'show file details', 'list the files with their sizes', 'list the files with permissions', 'show the permissions of the files', 'give a detailed file listing']),
    ('ls {d}', ['list the files in {d}', 'show what is in {d}', 'list the folder {d}', 'show the files in the folder {d}', 'list the contents of {d}', 'see what {d} contains', 'show me the {d} folder', 'look into {d}', 'list everything in {d}', 'show the contents of the directory {d}', 'tell me which files are in {d}', 'list the {d} directory']),
    ('pwd', ['print the working directory', 'show the current directory', 'tell me the current directory', 'tell me where we are', 'show the path of this folder', 'print the current folder', 'show which directory this is', 'tell me which folder i am in', 'print the current path', 'show the working directory', 'find out the current directory', 'get the current path', 'tell me the working directory', 'run pwd']),
    ('whoami', ['tell me which user i am', 'show the current user', 'print the user name', 'show the user name', 'find out who i am logged in as', 'tell me the current user', 'show which user is logged in', 'print the name of the current user', 'tell me my user name', 'run whoami']),
    ('date', ['show the date', 'print the date', 'tell me the date and time', 'show the current date', 'print the current time', 'tell me what day it is', 'get the current date', 'show the system time', 'check the date', 'run date']),
    ('uname -a', ['show the kernel version', 'print the system information', 'tell me which kernel this is', 'show the operating system', 'find out which system this is', 'show the kernel', 'print the kernel version', 'check the kernel version', 'tell me about the operating system of this machine']),
    ('hostname', ['show the host name', 'print the hostname', 'tell me the name of this machine', 'show the name of this computer', 'tell me the hostname', 'find out the name of this machine', 'print the name of the computer', 'get the hostname']),
    ('uptime', ['show the uptime', 'tell me how long the machine has been running', 'print the uptime', 'check how long the system is up', 'show how long this computer is on', 'tell me the uptime', 'check the uptime', 'find out how long the computer has been on']),
    ('df -h', ['show the disk space', 'check the disk space', 'tell me how much disk space is left', 'show the free disk space', 'check how full the disk is', 'print the disk usage', 'show how much space is free', 'see the free space on the disk', 'look at the disk space', 'find out how full the disks are', 'report the free disk space']),
    ('du -sh {d}', ['show the size of {d}', 'tell me how big {d} is', 'check the size of the folder {d}', 'print the size of {d}', 'measure the folder {d}', 'find out how large {d} is', 'show how much space {d} takes', 'get the total size of {d}', 'show the disk usage of {d}']),
    ('free -h', ['show the free memory', 'check the memory', 'tell me how much memory is free', 'print the memory usage', 'show the ram usage', 'see how much ram is left', 'look at the memory usage', 'check how much ram is free', 'report the memory usage']),
    ('ps aux', ['show the processes', 'list the running processes', 'show all processes', 'list all processes', 'see what is running', 'print the process list', 'tell me which processes run', 'show running programs', 'look at the running processes', 'check which programs are running']),
    ('env', ['show the environment variables', 'print the environment', 'list the environment variables', 'show the environment', 'print all environment variables', 'display the environment', 'see the environment variables', 'dump the environment']),
    ('cat {f}', ['show {f}', 'read {f}', 'print {f}', 'show the file {f}', 'print the contents of {f}', 'show me what is in {f}', 'read the file {f}', 'display {f}', 'open {f}', 'show the contents of {f}', 'cat {f}', 'look at {f}', 'output the file {f}', 'let me see {f}', 'tell me what {f} says', 'display the contents of the file {f}', 'show the text of {f}', 'view {f}', 'print out {f}']),
    ('head -n {n} {f}', ['show the first {n} lines of {f}', 'print the first {n} lines of {f}', 'show the top {n} lines of {f}', 'read the first {n} lines of {f}', 'display the first {n} lines of the file {f}', 'give me the first {n} lines of {f}', 'look at the first {n} lines of {f}', 'see the beginning {n} lines of {f}']),
    ('tail -n {n} {f}', ['show the last {n} lines of {f}', 'print the last {n} lines of {f}', 'show the bottom {n} lines of {f}', 'read the last {n} lines of {f}', 'display the last {n} lines of the file {f}', 'give me the last {n} lines of {f}', 'look at the last {n} lines of {f}', 'see the final {n} lines of {f}']),
    ('wc -l {f}', ['count the lines of {f}', 'count the lines in {f}', 'tell me how many lines {f} has', 'show the number of lines in {f}', 'find out how many lines {f} has', 'give me the line count of {f}', 'print the number of lines of {f}', 'get the line count of {f}']),
    ('mkdir {d}', ['create a folder called {d}', 'make a directory {d}', 'create the directory {d}', 'make a new folder {d}', 'create a new directory named {d}', 'make the folder {d}', 'add a folder named {d}', 'create a folder {d}', 'set up a directory called {d}', 'make a folder with the name {d}', 'create a new folder called {d}']),
    ('rmdir {d}', ['remove the empty folder {d}', 'delete the empty directory {d}', 'remove the empty directory {d}', 'delete the empty folder {d}', 'get rid of the empty folder {d}', 'drop the empty directory {d}']),
    ('rm -r {d}', ['delete the folder {d}', 'remove the folder {d}', 'delete the directory {d}', 'remove the directory {d} and everything in it', 'delete {d} with all its files', 'erase the folder {d}', 'get rid of the folder {d}', 'wipe the directory {d}']),
    ('touch {f}', ['create an empty file {f}', 'create the file {f}', 'make an empty file called {f}', 'create a file named {f}', 'make a new file {f}', 'create a new file called {f}', 'add an empty file {f}', 'touch {f}', 'make a blank file {f}']),
    ('rm {f}', ['delete {f}', 'remove {f}', 'delete the file {f}', 'remove the file {f}', 'erase {f}', 'get rid of {f}', 'delete the file called {f}', 'throw away {f}', 'erase the file {f}', 'rm {f}']),
    ('cp {f} {g}', ['copy {f} to {g}', 'make a copy of {f} called {g}', 'copy the file {f} to {g}', 'duplicate {f} as {g}', 'copy {f} into {g}', 'save a copy of {f} as {g}', 'back up {f} to {g}', 'create a copy of {f} named {g}']),
    ('mv {f} {g}', ['rename {f} to {g}', 'move {f} to {g}', 'rename the file {f} to {g}', 'give {f} the name {g}', 'change the name of {f} to {g}', 'move the file {f} to {g}', 'call {f} {g} from now on', 'rename {f} as {g}']),
    ('mv {f} {d}', ['move {f} into the folder {d}', 'move {f} into {d}', 'put {f} into the folder {d}', 'move the file {f} into the directory {d}', 'place {f} in the folder {d}', 'shift {f} into the folder {d}']),
    ('grep -rn {w} .', ['search for {w}', 'find the word {w} in the files', 'search the files for {w}', 'look for {w} in all files', 'find where {w} is used', 'search the project for {w}', 'grep for {w}', 'find every place that mentions {w}', 'look for the word {w} in this project', 'search the code for {w}', 'locate the text {w} in the files', 'find all uses of {w}']),
    ('grep -n {w} {f}', ['search {f} for {w}', 'find {w} in {f}', 'look for {w} in {f}', 'search for {w} in {f}', 'grep {w} in {f}', 'show the lines of {f} that contain {w}', 'find the lines with {w} in {f}', 'print the lines of {f} with {w}']),
    ("find . -name '*.{e}'", ['find all .{e} files', 'find all files ending in .{e}', 'search for .{e} files', 'find the .{e} files', 'show all files with the extension .{e}', 'look for files ending in .{e}', 'list every .{e} file in the project', 'locate all .{e} files']),
    ('find . -name {f}', ['find the file {f}', 'find where {f} is', 'search for the file {f}', 'look for a file named {f}', 'locate {f}', 'locate the file {f}', 'tell me where the file {f} is', 'find a file called {f}']),
    ('git status', ['show the git status', 'check the git status', 'show what changed in git', 'run git status', 'see which files are modified', 'tell me the state of the repository', 'show the status of the repository', 'check which files changed', 'see the uncommitted changes', 'look at the git status', 'print the repository status']),
    ('git log', ['show the git history', 'show the commit history', 'list the commits', 'show the commits', 'run git log', 'print the commit log', 'see the git log', 'display the commit history', 'look at the history of the repository', 'show me the last commits']),
    ('git diff', ['show the diff', 'show the changes', 'run git diff', 'show what i changed', 'print the diff', 'see the differences', 'display my changes', 'show the git diff', 'compare my changes with the last commit']),
    ('git branch', ['list the branches', 'show the branches', 'show the git branches', 'list the git branches', 'see which branches exist', 'tell me which branch i am on', 'print the branches', 'look at the branches']),
    ('git pull', ['pull the latest changes', 'run git pull', 'update the repository', 'get the newest commits', 'pull from the remote', 'fetch and merge the latest changes', 'bring the repository up to date', 'pull the newest version']),
    ('git push', ['push my commits', 'run git push', 'push to the remote', 'upload my commits', 'push the changes to the server', 'send my commits to the remote', 'push my work', 'publish my commits']),
    ('git add {f}', ['stage {f}', 'add {f} to git', 'git add {f}', 'stage the file {f}', 'put {f} into the next commit', 'add the file {f} to the index', 'mark {f} for the commit']),
    ('git checkout {w}', ['switch to the branch {w}', 'check out the branch {w}', 'go to the branch {w}', 'change to the branch {w}', 'checkout {w}', 'switch the branch to {w}', 'use the branch {w}']),
    ('git commit -m "{t}"', ['commit with the message "{t}"', 'commit the changes as "{t}"', 'make a commit "{t}"', 'create a commit with the message "{t}"', 'commit my work with the text "{t}"', 'save the changes in a commit "{t}"', 'git commit with "{t}"']),
    ('npm test', ['run the tests with npm', 'run npm test', 'start the npm tests', 'run the test suite with npm', 'execute the npm tests', 'test the project with npm', 'let npm run the tests']),
    ('npm install', ['install the npm packages', 'run npm install', 'install the dependencies with npm', 'install the node packages', 'get the npm dependencies', 'set up the node modules', 'let npm install everything']),
    ('npm install {w}', ['install the npm package {w}', 'add the npm package {w}', 'install {w} with npm', 'get {w} from npm', 'npm install {w}', 'add {w} as an npm dependency']),
    ('make', ['build the project with make', 'run make', 'build it with make', 'start make', 'compile with make', 'call make', 'let make build the project']),
    ('make {w}', ['run make {w}', 'build the make target {w}', 'make the target {w}', 'run the make target {w}', 'build the target {w} with make', 'call make with the target {w}']),
    ('python3 {f}', ['run {f} with python', 'execute {f} with python', 'start {f} with python', 'run the python script {f}', 'execute the python file {f}', 'launch the python script {f}', 'run the python program {f}', 'start the python program {f}']),
    ('node {f}', ['run {f} with node', 'execute {f} with node', 'start {f} with node', 'run the node script {f}', 'launch {f} using node', 'execute the node program {f}', 'run the javascript file {f}']),
    ('bash {f}', ['run the shell script {f}', 'execute the shell script {f}', 'run {f} with bash', 'start the bash script {f}', 'execute {f} with bash', 'launch the shell script {f}']),
    ('echo {t}', ['echo {t}', 'print the text {t}', 'write {t} to the terminal', 'echo the text {t}', 'print {t} in the shell', 'output the words {t}', 'make the shell say {t}']),
    ('which {p}', ['find out where {p} is installed', 'show the path of {p}', 'tell me where the program {p} is', 'check if {p} is installed', 'locate the program {p}', 'show where {p} is', 'see whether {p} is installed', 'find the program {p}']),
    ('{p} --version', ['show the version of {p}', 'tell me which version of {p} is installed', 'check the {p} version', 'print the version of {p}', 'find out the version of {p}', 'get the version of {p}', 'see which {p} version we have', 'look up the installed version of {p}']),
    ('kill {n}', ['kill the process {n}', 'end the process {n}', 'stop process {n}', 'kill process number {n}', 'terminate the process {n}', 'kill pid {n}', 'end the process with the id {n}']),
    ('ping -c 1 {h}', ['ping {h}', 'check if {h} is reachable', 'send a ping to {h}', 'test the connection to {h}', 'see if {h} answers', 'ping the host {h}', 'check whether {h} responds']),
    ('curl {u}', ['fetch {u}', 'download {u}', 'get the page {u}', 'open the url {u}', 'fetch the url {u} with curl', 'curl {u}', 'retrieve {u}', 'load {u}']),
    ('sort {f}', ['sort {f}', 'sort the lines of {f}', 'sort the file {f}', 'print {f} sorted', 'show {f} in sorted order', 'put the lines of {f} in order', 'order the lines of {f}']),
    ('chmod +x {f}', ['make {f} executable', 'make the file {f} executable', 'set the execute bit of {f}', 'allow {f} to be executed', 'mark {f} as executable', 'give {f} execute permission', 'add the execute permission to {f}']),
    ('tar xzf {a}', ['unpack {a}', 'extract {a}', 'untar {a}', 'unpack the archive {a}', 'extract the archive {a}', 'open the archive {a}', 'decompress {a}']),
    ('{c}', ['run {c}', 'run `{c}`', 'execute {c}', 'run the command {c}', 'execute the command `{c}`', 'type {c}', 'enter the command {c}', 'run this command: {c}', 'execute `{c}` in the shell', 'start `{c}`', 'call {c}', 'please run this: `{c}`', 'launch `{c}`', 'use the shell to run `{c}`']),
]
EXPLICIT = ['cargo build', 'cargo test', 'go build', 'go test ./...', 'npm run build', 'npm run lint', 'npm start', 'pytest', 'pytest -q', 'docker ps', 'docker images', 'git fetch', 'git stash', 'ls -la', 'ls -lh {d}', 'cat /etc/hosts', 'cat {f}', 'tree', 'top -n 1', 'id', 'cal', 'lscpu', 'mount', 'history', 'make clean', 'make -j4',
            'cmake -B build', 'cmake --build build', 'ctest', 'git log --oneline', 'git remote -v', 'npx tsc', 'npx eslint .', 'python3 -m pytest', 'python3 -V', 'node -v', 'npm -v', 'codexpc status', 'codexpc doctor', 'codexpc health', 'sed -n 1,{n}p {f}', 'head {f}', 'tail -f {f}', 'diff {f} {g}', 'cp -r {d} backup', 'stat {f}', 'file {f}',
            'md5sum {f}', 'sha256sum {f}', 'date +%Y', 'echo $HOME', 'echo hello', 'ls | wc -l', 'ps aux | head', 'cd {d} && ls', 'mkdir -p {d}/{w}', 'rm -f {f}', 'touch {w}', 'nproc', 'lsblk', 'ip addr', 'ss -tln', 'true', 'sleep {n}', 'seq {n}', 'whoami && pwd', 'uname -r', 'arch', 'locale', 'rg {w}', 'grep -c {w} {f}']
PROGRAMS = 'python3 node npm git gcc cmake make docker cargo go java bash curl tar ruby perl clang rustc ffmpeg vim'.split()
HOSTS = ['example.com', 'localhost', 'github.com', '8.8.8.8', '192.168.1.1', 'debian.org', '10.0.0.1', 'openai.com', 'gateway', 'router.local']
URLS = ['https://example.com', 'http://localhost:8080', 'https://example.org/data.json', 'http://localhost:3000/health', 'https://debian.org', 'https://example.com/index.html', 'http://127.0.0.1:5000', 'https://api.example.com/v1/items']
TEXTS = ['hello', 'hello world', 'fix the parser', 'update docs', 'first commit', 'add tests', 'it works', 'good morning', 'fix typo', 'all done', 'remove old code', 'new feature', 'clean up', 'bump version', 'hi there', 'ready', 'improve speed', 'test passed']

SHELL_NAMES = ['shell', 'shell', 'exec_command', 'exec_command', 'exec_command', 'run_command', 'bash', 'terminal', 'execute', 'run_shell', 'local_shell', 'sh', 'command', 'run_bash', 'execute_command', 'shell_exec', 'console', 'run_terminal_cmd', 'exec', 'cmdline', 'system_shell', 'run']
SHELL_TEXTS = ['Runs a shell command and returns its output.', 'Run a command in the shell.', 'Execute a shell command.', 'Runs a command in a PTY, returning output or a session ID for ongoing interaction.', 'Execute a command on the local machine and return stdout.', 'Runs shell commands on this computer.',
               'Run a terminal command.', 'Executes the given command line.', None, 'Use this to run any command in a bash shell.', 'Runs a bash command and prints what it writes.']
COMMAND_KEYS = ['cmd', 'cmd', 'cmd', 'command', 'command', 'command', 'input', 'script', 'line', 'commandline', 'code']
EXTRA_KEYS = {'workdir': {'type': 'string', 'description': 'Working directory for the command.'}, 'timeout_ms': {'type': 'number', 'description': 'Timeout in milliseconds.'}, 'login': {'type': 'boolean', 'description': 'Whether to use a login shell.'},
              'timeout': {'type': 'integer'}, 'tty': {'type': 'boolean'}, 'shell': {'type': 'string'}, 'max_output_tokens': {'type': 'number', 'description': 'Output token budget.'}, 'justification': {'type': 'string', 'description': 'Why the command is needed.'}}


def shell_tool(d: Draw) -> tuple[dict, str, bool]:
    """(tool, argument key, whether the command is an array of words)."""
    name, key = d.choice(SHELL_NAMES), d.choice(COMMAND_KEYS)
    array = d.maybe(0.1)
    value: dict = {'type': 'array', 'items': {'type': 'string'}} if array else {'type': 'string'}
    if d.maybe(0.6):
        value['description'] = d.choice(['Shell command to execute.', 'The command to run.', 'The command.', 'Command line.'])
    keys = {key: value}
    for extra in d.sample(list(EXTRA_KEYS), d.choice([0, 0, 0, 1, 2, 4])):
        if extra != key:
            keys[extra] = EXTRA_KEYS[extra]
    if d.maybe(0.3):
        keys = dict(sorted(keys.items()))
    parameters = {'type': 'object', 'properties': keys, 'required': [key]}
    return {'name': name, 'description': d.choice(SHELL_TEXTS), 'parameters': parameters}, key, array


def filename(d: Draw) -> str:
    stem = d.choice(STEMS)
    if d.maybe(0.25):
        stem += d.choice(['_', '-', '']) + d.choice([d.choice(STEMS), str(d.randint(1, 99))])
    if d.maybe(0.08):
        return d.choice(['README.md', 'Makefile', 'package.json', 'LICENSE', 'Dockerfile', '.gitignore', 'CMakeLists.txt', 'tsconfig.json', 'pyproject.toml'])
    name = f'{stem}.{d.choice(EXTENSIONS)}'
    return d.choice(FOLDERS) + '/' + name if d.maybe(0.12) else name


def fill(d: Draw, command: str, phrase: str, words: list[str]) -> tuple[str, str]:
    if '{c}' in command:
        explicit, _ = fill(d, d.choice(EXPLICIT), '', words)
        return explicit, phrase.replace('{c}', explicit)
    f, g = filename(d), filename(d)
    if '{f}' in command and 'python' in command:
        f = d.choice(STEMS) + '.py'
    if '{f}' in command and command.startswith('node'):
        f = d.choice(STEMS) + '.js'
    if '{f}' in command and command.startswith('bash'):
        f = d.choice(STEMS) + '.sh'
    folder = d.choice(FOLDERS) if d.maybe(0.75) else d.choice(words)
    if d.maybe(0.1) and '{d}' in command and 'mkdir' not in command:
        folder = d.choice(['/tmp', '/etc', '/home', '/var/log', '/usr/bin', '~', '..', 'src/' + d.choice(FOLDERS), '/opt', 'docs/' + d.choice(FOLDERS)])
    word = d.choice(words) if d.maybe(0.6) else d.choice(['TODO', 'main', 'error', 'import', 'FIXME', 'config', 'parse', 'timeout', 'test', 'dev', 'feature', 'release', 'clean', 'lint'])
    slots = {'{f}': f, '{g}': g, '{d}': folder, '{n}': str(d.choice([d.randint(1, 20), d.randint(1, 99), d.randint(100, 9999) if 'kill' in command else 10])), '{w}': word, '{t}': d.choice(TEXTS), '{h}': d.choice(HOSTS), '{u}': d.choice(URLS),
             '{p}': d.choice(PROGRAMS), '{e}': d.choice(EXTENSIONS), '{a}': d.choice(STEMS) + '.tar.gz'}
    for slot, value in slots.items():
        command, phrase = command.replace(slot, value), phrase.replace(slot, value)
    return command, phrase


TELLING = frozenset('list show print display name see tell find current directory folder path location user system machine git npm make run stop end'.split())  # words that tell one command from another


def shell_request(d: Draw, words: list[str], listing: bool = False) -> tuple[str, str]:
    """(request, command)."""
    command, phrases = COMMANDS[0] if listing or d.maybe(0.07) else d.choice(COMMANDS)
    if command == 'ls' and d.maybe(0.2):
        return dress(d, d.pick(LISTING_QUESTIONS)), command
    phrase, whole = d.pick(phrases), '{' not in command  # a slip in an argument would change the command
    if whole and not phrase.startswith('run '):
        phrase = paraphrase(d, phrase, 0.3, TELLING)
    command, phrase = fill(d, command, phrase, words)
    return dress(d, d.pick(DO).replace('{vp}', phrase), d.maybe(0.25), slips=whole), command


MORE: dict[str, list[str]] = {  # further phrasings
    'ls': ['list what is here', 'show the file list', 'give me the file list', 'list the things in this folder', 'see what is in here', 'show all the files in here', 'print the file names', 'list all the files in this directory', 'get a listing of the files', 'list this folder', 'show what this directory has'],
    'ls -a': ['list all files, also the hidden ones', 'include hidden files in the listing', 'list even hidden files', 'show every file, hidden or not', 'list the files starting with a dot'],
    'ls -l': ['show a long listing', 'give me the long listing', 'do a long listing', 'list files with permissions and owners', 'show who owns the files', 'show the rights of the files', 'list the file permissions', 'show permissions', 'make a detailed listing', 'list in long form', 'show sizes and permissions'],
    'ls {d}': ['list all of {d}', 'list what is inside {d}', 'show everything in {d}', 'list all files in {d}', 'list the things in {d}', 'show all that is in {d}', 'give me the contents of {d}'],
    'pwd': ['say which directory this is', 'get the current directory', 'show where we are', 'show where i am', 'find out which folder this is', 'find out in which directory i am', 'find out the working directory', 'check the current directory', 'tell me the path of the current folder'],
    'whoami': ['find out my user name', 'tell me as whom i am logged in', 'execute whoami', 'use whoami', 'call whoami', 'show my user', 'check which user i am', 'find out which user this is'],
    'uname -a': ['tell me which operating system this is', 'say which kernel runs here', 'find out the kernel version', 'find out which kernel runs', 'tell me which system i am on', 'print which kernel it is', 'show which linux this is', 'tell me the kernel'],
    'uptime': ['find out how long the system is running', 'tell me how long the system is up', 'show since when the machine runs', 'check how long the machine is running', 'check how long it has been up', 'show how long the system has been up'],
    'free -h': ['show memory', 'print how much memory is free', 'tell me how much ram there is', 'look how much memory is left'],
    'cat {f}': ['get the contents of {f}', 'give me {f}', 'dump {f}', 'show all of {f}', 'print the text in {f}', 'write out {f}'],
    'touch {f}': ['add the empty file {f}', 'make the empty file {f}', 'add a new empty file {f}', 'create {f} as an empty file', 'set up an empty file {f}', 'make an empty file with the name {f}', 'make the file {f}', 'create a blank file {f}', 'add a file called {f}'],
    'grep -n {w} {f}': ['look in {f} for {w}', 'check {f} for {w}', 'look through {f} for {w}', 'find where {f} has {w}', 'find {w} inside {f}', 'go through {f} and find {w}', 'see where {w} is in {f}', 'scan {f} for {w}', 'find every {w} in {f}', 'look up {w} in {f}'],
    'grep -rn {w} .': ['look for {w} everywhere', 'find {w} anywhere in the project', 'search everything for {w}', 'look for {w} in this folder', 'search here for the word {w}', 'find the word {w} anywhere', 'look for the text {w} in the project', 'look up where {w} occurs', 'search all code for {w}'],
    'git diff': ['show all changes', 'show what has changed in the code', 'display the changes', 'print the changes', 'see my changes', 'let me see the changes', 'look at the changes', 'show the changes in git', 'show changed lines', 'list my changes', 'show unsaved changes of git', 'diff my work'],
    'git log': ['see the history', 'show the log of commits', 'show past commits', 'list past commits', 'print the git log', 'show who committed what'],
    'npm install': ['install the project dependencies with npm', 'install all dependencies with npm', 'let npm install the dependencies', 'get all npm packages', 'install what package.json needs', 'use npm to install the dependencies', 'fetch the dependencies with npm', 'install the packages with npm'],
    'ping -c 1 {h}': ['see if {h} is up', 'check if {h} is up', 'see whether {h} is reachable', 'see whether {h} can be reached', 'find out if {h} answers', 'check that {h} answers', 'test if {h} responds', 'test whether {h} is online', 'look if {h} is alive', 'see if {h} is online', 'see if {h} replies', 'find out if {h} is reachable', 'send one ping to {h}'],
    'which {p}': ['find out if {p} is installed', 'tell me the path of {p}', 'find where {p} is installed', 'look where {p} is installed'],
    'kill {n}': ['kill {n}', 'stop the process with number {n}', 'end process {n}', 'terminate {n}', 'stop pid {n}'],
    'chmod +x {f}': ['let {f} be executable', 'make it possible to execute {f}', 'turn {f} into an executable', 'make {f} runnable'],
    'sort {f}': ['give me {f} sorted', 'sort what is in {f}', 'show the sorted lines of {f}'],
}
for _command, _phrases in COMMANDS:
    _phrases.extend(MORE.get(_command, []))
LISTING_QUESTIONS = ['what files are here', 'which files are in this directory', 'what is in this folder', 'which files do we have', 'what files are there', 'what does this directory contain', 'what is in the current directory', 'which files are there', 'are there any files here', "what's in this folder", 'what can you see in this directory',
                     'which files exist here', 'what do we have in this folder', 'files here']


def output_of(d: Draw, command: str, words: list[str]) -> tuple[str, str, list[str]]:
    """(tool output, answer, patterns the answer must match) for a command."""
    if command.startswith('ls') or command.startswith('find') or command == 'git branch' or command == 'tree':
        names = [filename(d).split('/')[-1] if d.maybe(0.75) else d.choice(FOLDERS) for _ in range(d.randint(1, 7))]
        if command == 'git branch':
            names = [d.choice(words) for _ in names]
        names = list(dict.fromkeys(names))
        if command.startswith('find') and names:
            names = ['./' + n for n in names]
        word = 'branches' if 'branch' in command else 'files'
        answer = f"There is one {'branch' if word == 'branches' else 'file'}: {names[0]}." if len(names) == 1 else f'The {word} are {join(names)}.'
        return d.choice(['\n', '\n', '\n', '  ']).join(names) + d.choice(['', '\n']), answer, names
    first = command.split()[0]
    if first in ('mkdir', 'rm', 'mv', 'cp', 'touch', 'chmod', 'rmdir', 'kill', 'true', 'sleep') or command.startswith(('git add', 'git checkout')):
        if d.maybe(0.75):
            return d.choice(['', '', '\n', '(no output)']), 'Done. The command gave no output.', ['done']
    if d.maybe(0.12):
        error = d.choice([f'{first}: command not found', f'{first}: permission denied', f'{first}: no such file or directory', f'bash: {first}: not found', 'error: exit code 1', f'fatal: not a git repository', f'{first}: timed out', f'{first}: invalid option'])
        return error, f'The command failed: {error}.', [error]
    if first == 'pwd':
        out = '/' + d.choice(['home/', 'home/', 'work/', 'srv/', 'usr/']) + d.choice(words) + d.choice(['', '/' + d.choice(FOLDERS), '/' + d.choice(words)])
        return out, f'The current directory is {out}.', [out]
    if first == 'whoami':
        out = d.choice(words)
        return out, f'You are the user {out}.', [out]
    if first == 'hostname':
        out = d.choice(words) + d.choice(['', '-' + str(d.randint(1, 99)), '.local'])
        return out, f'The host name is {out}.', [out]
    if first == 'wc':
        n = d.randint(0, 2000)
        return f'{n} {command.split()[-1]}', f'{command.split()[-1]} has {n} lines.', [str(n)]
    if '--version' in command or command.endswith((' -v', ' -V')):
        out = f'{d.randint(0, 30)}.{d.randint(0, 20)}.{d.randint(0, 20)}'
        return d.choice([out, 'v' + out, f'{first} {out}', f'{first} version {out}']), f'The version of {first} is {out}.', [out]
    if first == 'which':
        out = d.choice(['/usr/bin/', '/usr/local/bin/', '/bin/', '/opt/bin/']) + command.split()[-1]
        return out, f'{command.split()[-1]} is at {out}.', [out]
    if first == 'du':
        out = f"{d.randint(1, 999)}{d.choice('KMG')}"
        return f'{out}\t{command.split()[-1]}', f'{command.split()[-1]} takes {out}.', [out.lower()]
    if first == 'date':
        out = f"{d.choice(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])} {d.choice(['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'])} {d.randint(1, 28)} {d.randint(0, 23):02}:{d.randint(0, 59):02}:{d.randint(0, 59):02} UTC {d.randint(2024, 2027)}"
        return out, f'It is {out}.', [out.lower()]
    if first == 'uptime':
        out = f'up {d.randint(1, 300)} days'
        return out, f'The machine is {out}.', [out]
    if 'test' in command or first in ('pytest', 'ctest'):
        n, m = d.randint(1, 300), d.choice([0, 0, d.randint(1, 9)])
        return f'{n} passed, {m} failed', f'The tests ran: {n} passed, {m} failed.', [f'{n} passed', f'{m} failed']
    if command == 'git status':
        names = list(dict.fromkeys(filename(d) for _ in range(d.randint(1, 4))))
        if d.maybe(0.3):
            return 'nothing to commit, working tree clean', 'The working tree is clean: nothing to commit.', ['clean']
        return '\n'.join(' M ' + n for n in names), f'The changed files are {join(names)}.' if len(names) > 1 else f'One file is changed: {names[0]}.', names
    line = sentence(d, words)
    return line, f'The output is: {line}', [line.lower().rstrip('.')]


def sentence(d: Draw, words: list[str]) -> str:
    """A short made-up line, as a program or a file might have it."""
    w = lambda: d.choice(words)
    return d.choice([lambda: f'{w()} {w()} {w()}', lambda: f'{w()} = {d.randint(0, 999)}', lambda: f'{w()}: {w()} {w()}', lambda: f'The {w()} is {w()}.', lambda: f'{w()} {d.randint(0, 99)} {w()}', lambda: f'Built {d.randint(1, 90)} files in {d.randint(1, 60)} s',
                     lambda: f'{w()} -> {w()}', lambda: f'# {w()} {w()}', lambda: f'{w()} {w()} took {d.randint(1, 900)} ms', lambda: f'Total {w()}: {d.randint(1, 9999)}', lambda: f'hello {w()}', lambda: f'All {w()} are {w()}'])()
