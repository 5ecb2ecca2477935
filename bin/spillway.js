#!/usr/bin/env node
/* Parses on any Node, so that an old one ends with a sentence and not with a stack. */
var parts = process.versions.node.split('.').map(Number)
var isGood = (parts[0] === 24 && parts[1] >= 16) || (parts[0] === 26 && parts[1] >= 1) || parts[0] > 26
if (isGood) {
  import('../dist/cli/main.js')
} else {
  console.error('Spillway needs Node 24.16 or newer, and this is ' + process.version + '.')
  process.exitCode = 1
}
