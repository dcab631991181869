import type { FastifyReply, FastifyRequest } from 'fastify';

import type { RequestBody } from '../bodies/request-body.ts';
import type { EncodedAnswer } from '../codecs/answer-json.ts';
import type { Operation, Plan } from '../requests/plan.ts';
import { InStep } from './in-step.ts';
import { readPlan } from './read-plan.ts';
import { runPlan, type Outcome } from './run-plan.ts';
import { gatherAnswer, sendAnswer, type AnswerMedia, type Gathered } from './send-answer.ts';
import { whenThere } from './when-there.ts';

/** A request for a computation, from its body to its answer, in steps. */
export abstract class ComputeExchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly operation: Operation;
  readonly media: AnswerMedia | undefined;
  #plan!: Plan;
  #outcome!: Outcome;
  #gathered!: Gathered;
  #decodeFrom = 0;
  #decodeMs = 0;
  #encodeFrom = 0;

  /** @param media the answer's media type, where that does not follow from whether bytes stand behind its JSON. */
  constructor(request: FastifyRequest, reply: FastifyReply, operation: Operation, media?: AnswerMedia) {
    this.request = request;
    this.reply = reply;
    this.operation = operation;
    this.media = media;
  }

  /** Looks at what was read before it is run; false where that has been answered already. */
  protected abstract accept(plan: Plan): boolean;

  /** Whether numbers of the answer are printed. */
  protected abstract isPrinted(plan: Plan): boolean;

  /** Writes the answer: its JSON, if any, and the bytes behind it. */
  protected abstract encode(plan: Plan, outcome: Outcome): EncodedAnswer;

  static readonly #steps = new InStep<ComputeExchange>(
    [(exchange) => exchange.#read(), (exchange) => exchange.#run(), (exchange) => exchange.#encode(), (exchange) => exchange.#send()],
    ({ reply }, error) => { void reply.send(error); },
  );

  /** Has it answered, in step with those whose bodies came in the same turn of the event loop. */
  start(): void {
    ComputeExchange.#steps.add(this);
  }

  #read(): boolean | Promise<boolean> {
    this.#decodeFrom = performance.now();
    return whenThere(readPlan(this.request, this.operation, this.request.body as RequestBody), (plan) => {
      this.#plan = plan;
      this.#decodeMs = performance.now() - this.#decodeFrom;
      return this.accept(plan);
    });
  }

  #run(): boolean | Promise<boolean> {
    return whenThere(runPlan(this.request, this.operation, this.#plan, this.isPrinted(this.#plan)), (outcome) => {
      this.#outcome = outcome;
      return true;
    });
  }

  #encode(): boolean | Promise<boolean> {
    this.#encodeFrom = performance.now();
    const encode = () => this.encode(this.#plan, this.#outcome);
    return whenThere(gatherAnswer(this.request, this.reply, this.#plan, this.#outcome, encode, this.media), (gathered) => {
      this.#gathered = gathered;
      return true;
    });
  }

  #send(): boolean {
    const { request, reply } = this;
    const spans = { decodeFrom: this.#decodeFrom, decodeMs: this.#decodeMs, encodeFrom: this.#encodeFrom };
    sendAnswer(request, reply, this.#plan, this.#outcome, this.#gathered, spans);
    return false;
  }
}
