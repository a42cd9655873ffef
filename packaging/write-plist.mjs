// Prints the LaunchAgent's property list.
//   node write-plist.mjs LABEL NODE MAIN LOGS
const [label, node, main, logs] = process.argv.slice(2);
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const string = (text) => `<string>${escaped(text)}</string>`;

// Interactive: neither throttled nor short of memory when a person waits for an answer. No environment variables: none
// is needed. KeepAlive: after a crash and not after a stop; launchd waits out ThrottleInterval between two starts.
process.stdout.write(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  ${string(label)}
  <key>ProgramArguments</key>
  <array>
    ${[node, main, 'daemon', '--service', '--xpc-service', label].map(string).join('\n    ')}
  </array>
  <key>MachServices</key>
  <dict>
    <key>${escaped(label)}</key>
    <true/>
  </dict>
  <key>ProcessType</key>
  <string>Interactive</string>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <key>StandardOutPath</key>
  ${string(`${logs}/${label}.out.log`)}
  <key>StandardErrorPath</key>
  ${string(`${logs}/${label}.err.log`)}
</dict>
</plist>
`);
