import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** The live page, and a policy under which nothing but its own script and style can ever run in it. */
export interface Page {
  readonly html: string
  readonly policy: string
}

export function readPage(): Page {
  const html = readFileSync(new URL('./admin-page.html', import.meta.url), 'utf8')
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(html, 'script')}`,
    `style-src ${hashOf(html, 'style')}`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  return { html, policy }
}

function hashOf(html: string, element: 'script' | 'style'): string {
  const text = new RegExp(`<${element}>(.*)</${element}>`, 's').exec(html)?.[1] ?? ''
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
