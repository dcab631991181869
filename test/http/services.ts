import { afterEach } from 'vitest';
import { Service } from './service.ts';

const services: Service[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
});

/** A service that is stopped after the test. */
export async function startService(...options: Parameters<typeof Service.start>): Promise<Service> {
  const service = await Service.start(...options);
  services.push(service);
  return service;
}
