// Loaded before anything else and in plain old syntax, so that an old Node can still say what is wrong.
var MINIMUM = [20, 17];

/** Prints one sentence and answers true when this Node is too old. */
export function nodeIsOld() {
  var version = process.versions.node.split('.').map(Number);
  var old = version[0] < MINIMUM[0] || (version[0] === MINIMUM[0] && version[1] < MINIMUM[1]);
  if (old) {
    process.stderr.write(
      'codexpc: Node.js ' + process.versions.node + ' is too old; ' + MINIMUM.join('.') + ' or newer is needed. ' +
        'Get it from https://nodejs.org' +
        (process.platform === 'darwin' ? ' or with: brew install node\n' : ' or with your system’s package manager.\n'),
    );
  }
  return old;
}
