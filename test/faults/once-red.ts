/** Cells in which something was wrong once, and what it was. */
export const onceRed: readonly string[] = [
  // An answer in one piece that was none went on to the caller with its 200.
  '200-list@head/anthropic>anthropic/whole/second',
  '200-html@head/openai>openai-compatible/whole/second',
  '200-object@head/ollama>ollama/whole/alone',
  'gzip@head/openai>openai-compatible/whole/second',
  'stream-for-whole@head/openai>openai-compatible/whole/alone',
  'length-too-short@head/anthropic>anthropic/whole/second',
  // A line that was no object went on within a stream.
  '200-null@head/ollama>ollama/stream/alone',
  // The page of a proxy was quoted to the caller.
  '502-html@head/openai>ollama/stream/alone',
  '504-html@head/ollama>llamacpp/stream/alone',
  // A ping counted as the beginning of an answer.
  'chunk-too-long@opening/anthropic>anthropic/stream/second',
  // Of a server that sent its words for an answer in one piece it was said that it had given up.
  'drip@opening/openai>openai-compatible/whole/second',
  // A frame without an end took seconds of everybody's time, and its server was never hung up on.
  'endless-line@mid/openai>openai-compatible/stream/alone',
  'endless-line@opening/openai>openai-compatible/stream/alone',
]
