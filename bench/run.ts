await import('./overhead/main.ts')
