import { counted, type Fact, type Facts, refused, time, tooLong, upTo, weather } from './fact.ts'

/** Ollama counts thoughts as well here, and found none. */
const countedBoth = (promptTokens: number, outputTokens: number): Pick<Fact, 'usage'> => ({
  usage: { promptTokens, outputTokens, cachedTokens: 0, reasoningTokens: 0 },
})

/**
 * Both servers in the newer dialect of OpenAI. An answer that was cut at four tokens is called completed by either of
 * them. Ollama tells the limit along with the count, and so it can be known; llama-server does not.
 */
export const responsesFacts: Facts = {
  'ollama/v1-responses': { text: 'The quick brown fox', reason: 'length', ...countedBoth(34, 4) },
  'ollama/v1-responses-stream': { text: 'The quick brown fox', reason: 'length', ...countedBoth(34, 4) },
  // Its text and its first call share one output_index.
  'ollama/v1-responses-tools-stream': {
    text: 'Let me look.\n',
    calls: [weather, time],
    reason: 'tool-calls',
    ...countedBoth(664, 22),
  },
  'ollama/v1-responses-runner-killed-stream': { text: upTo(8) },

  'llamacpp/v1-responses': { text: 'The quick brown fox', reason: 'stop', ...counted(66, 4, 65) },
  'llamacpp/v1-responses-stream': { text: 'The quick brown fox', reason: 'stop', ...counted(66, 4, 65) },
  'llamacpp/v1-responses-thinking-tools-stream': {
    thinking: 'I need the weather.\n',
    calls: [weather],
    reason: 'tool-calls',
    ...counted(664, 17, 663),
  },
  'llamacpp/v1-responses-overflow-400': tooLong(952, 512),
  'llamacpp/v1-responses-previous-400': refused,
}
