import type { Heard } from './heard.ts'

export function embeddingsWhole(text: string, heard: Heard): void {
  const { data, model } = JSON.parse(text) as {
    data: { index: number; embedding: number[] | string }[]
    model?: string
  }
  heard.model = model
  heard.vectors = data.map(({ index, embedding }, at) => {
    if (index !== at) throw new Error('Vectors are out of order.')
    return typeof embedding === 'string' ? unpacked(embedding) : embedding
  })
  heard.whole = true
}

export function embedWhole(text: string, heard: Heard): void {
  const { embeddings, embedding, model } = JSON.parse(text) as {
    embeddings?: number[][]
    embedding?: number[]
    model?: string
  }
  heard.model = model
  heard.vectors = embeddings ?? [embedding!]
  heard.whole = true
}

/** Single precision, the lesser byte first, in base64. */
function unpacked(text: string): number[] {
  const bytes = Buffer.from(text, 'base64')
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4))
}
