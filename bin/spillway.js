#!/usr/bin/env -S node --max-semi-space-size=8
// Old syntax, so that an old Node ends with a sentence and not with a stack.
const parts = process.versions.node.split('.').map(Number)
const isGood = (parts[0] === 24 && parts[1] >= 16) || (parts[0] === 26 && parts[1] >= 1) || parts[0] > 26
if (isGood) {
  void import('../dist/cli/main.js')
} else {
  process.stderr.write('Spillway needs Node 24.16 or newer (not 25); this is ' + process.version + '.\n')
  process.exitCode = 1
}
