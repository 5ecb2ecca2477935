const root = process.argv[2]!
const money = process.argv[3] === 'money'
const { rig, answer, wholeStream, readAll, frame, usageFrame, done } = await import(`${root}/test/dispatch/scripted.ts`)
const chat = { model: 'm', messages: [{ role: 'user', content: 'Hi there, how are you?' }] }
const whole = Buffer.from(JSON.stringify({ id:'c', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 } }))
class Body { i=0; chunks: Uint8Array[]; constructor(chunks: Uint8Array[]){ this.chunks = chunks } [Symbol.asyncIterator](){return this} next(){ return Promise.resolve(this.i<this.chunks.length?{done:false,value:this.chunks[this.i++]}:{done:true,value:undefined}) } return(){return Promise.resolve({done:true,value:undefined})} }
const frames = [frame({role:'assistant',content:''}), ...Array.from({length: 500}, (_, i) => frame({content: `w${i} `})), frame({}, 'stop'), usageFrame(7, 500), done].map((t: string) => Buffer.from(t))
let mode = 'whole'
const act = () => ({ status: 200, headers: {}, body: new Body(mode === 'whole' ? [whole] : frames) })
const settings: any = money ? { money: { budgets: [], timeZone: 'UTC', prices: new Map([['m', { input: 1e6, output: 1e7, source: 't' }]]), cloudOpen: true, requestMostNano: undefined, outputTokensMost: 8192, alerts: { webhook: undefined, spillShare: 0.1 } } } : {}
const tier = process.argv[4] === 'paid' ? 1 : 0
const on = rig({ box: { kind: 'openai-compatible', act, concurrency: 64, tier } }, settings)
async function run(n: number, body: any) { for (let i = 0; i < n; i++) { const r = await on.ask(body); for await (const _ of r.body) {} await r.outcome; on.heard.get('box')!.length = 0; on.events.length = 0 } }
const cpu = async (n: number, body: any) => { const c = process.cpuUsage(); await run(n, body); const d = process.cpuUsage(c); return (d.user + d.system) / n }
mode = 'whole'; await run(5000, chat)
const w: number[] = []; for (let i = 0; i < 5; i++) w.push(await cpu(4000, chat))
mode = 'stream'; const s = { ...chat, stream: true, stream_options: { include_usage: true } }; await run(50, s)
const f: number[] = []; for (let i = 0; i < 5; i++) f.push(await cpu(80, s) / 504)
console.log(root.split('/').pop(), process.argv.slice(3).join(' '), 'whole us', Math.min(...w).toFixed(2), 'frame us', Math.min(...f).toFixed(3))
process.exit(0)
