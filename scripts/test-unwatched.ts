/**
 * Node's test runner follows every promise, so that it can tell which test an error belongs to that nobody caught. Where
 * whole days are simulated in promises, that is half of the work. Loaded before a file of tests, this leaves it out: what
 * nobody catches still fails the file, and is told without the name of its test.
 */
import hooks from 'node:async_hooks'

const { createHook } = hooks
hooks.createHook = () => createHook({})
await import('node:test')
hooks.createHook = createHook
