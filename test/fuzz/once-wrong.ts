import type { Asking } from './replies.fuzz.ts'

/** Answers of servers that were once handled wrongly, and what should have come of them: a good end or a fault. */
export const onceWrong: readonly (readonly [what: string, asking: Asking, reply: string, isWell: boolean])[] = [
  [
    'a comment with a word behind it that has no data field of its own was dropped, and the reader with it',
    { dialect: 'openai-chat', kind: 'openai-compatible', stream: true },
    ':\n\n{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{"}}]}}\n\n',
    false,
  ],
  [
    'a call behind the last line was added to an answer that had ended',
    { dialect: 'openai-responses', kind: 'ollama', stream: true },
    '{"message":{"content":"a"},"done":false}\n{"message":{"content":""},"done":true,"done_reason":"stop"}\n' +
      '{"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{}}}]},"done":false}\n',
    true,
  ],
  [
    'a word behind the reason for the end was handed on',
    { dialect: 'anthropic-messages', kind: 'openai-compatible', stream: true },
    'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n' +
      'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n' +
      'data: {"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":null}]}\n\ndata: [DONE]\n\n',
    true,
  ],
  [
    'a call of a tool without a name was handed on',
    { dialect: 'anthropic-messages', kind: 'ollama', stream: true },
    '{"message":{"tool_calls":[{"function":{"name":"","arguments":{}}}]},"done":false}\n{"message":{},"done":true}\n',
    false,
  ],
  [
    'a call of a tool without a name was put into a whole answer',
    { dialect: 'openai-chat', kind: 'ollama', stream: false },
    '{"message":{"tool_calls":[{"function":{"name":"","arguments":{}}}]},"done":false}\n{"message":{},"done":true}\n',
    false,
  ],
]
