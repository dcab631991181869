/** What the pod security standards look at. */
export interface PodSpec {
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  securityContext?: SecurityContext;
  volumes?: Record<string, unknown>[];
  containers: Container[];
  initContainers?: Container[];
}

export interface Container {
  name: string;
  securityContext?: SecurityContext;
  ports?: { name?: string; containerPort: number; hostPort?: number }[];
}

interface SecurityContext {
  privileged?: boolean;
  allowPrivilegeEscalation?: boolean;
  runAsNonRoot?: boolean;
  runAsUser?: number;
  procMount?: string;
  seccompProfile?: { type: string };
  capabilities?: { add?: string[]; drop?: string[] };
  seLinuxOptions?: object;
  appArmorProfile?: { type: string };
  sysctls?: object[];
}

const volumeTypes = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'];

/** What the pod security standard `restricted` has against a pod, where it asks for more than `baseline` or for the same. */
export function restrictedViolations(pod: PodSpec): string[] {
  const found: string[] = [];
  const check = (isRight: boolean, message: string) => {
    if (!isRight) found.push(message);
  };
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const) check(pod[field] !== true, `${field} must not be true`);
  check((pod.securityContext?.sysctls ?? []).length === 0, 'sysctls must not be set');
  for (const { name, ...source } of pod.volumes ?? []) {
    const [type] = Object.keys(source);
    check(volumeTypes.includes(type!), `volume ${String(name)} must not be of type ${type!}`);
  }
  for (const { name, securityContext: own = {}, ports = [] } of [...pod.containers, ...(pod.initContainers ?? [])]) {
    const all = { ...pod.securityContext, ...own };
    check(own.privileged !== true, `${name}: privileged must not be true`);
    check(own.allowPrivilegeEscalation === false, `${name}: allowPrivilegeEscalation must be false`);
    check(all.runAsNonRoot === true, `${name}: runAsNonRoot must be true`);
    check(all.runAsUser !== 0, `${name}: runAsUser must not be 0`);
    check(
      ['RuntimeDefault', 'Localhost'].includes(all.seccompProfile?.type ?? ''),
      `${name}: seccompProfile must be RuntimeDefault or Localhost`,
    );
    check(own.capabilities?.drop?.includes('ALL') === true, `${name}: capabilities must drop ALL`);
    check(
      (own.capabilities?.add ?? []).every((capability) => capability === 'NET_BIND_SERVICE'),
      `${name}: capabilities must not be added`,
    );
    check((own.procMount ?? 'Default') === 'Default', `${name}: procMount must be Default`);
    check(all.seLinuxOptions === undefined, `${name}: seLinuxOptions must not be set`);
    check((all.appArmorProfile?.type ?? 'RuntimeDefault') !== 'Unconfined', `${name}: appArmorProfile must not be Unconfined`);
    check(
      ports.every(({ hostPort = 0 }) => hostPort === 0),
      `${name}: ports must not have a hostPort`,
    );
  }
  return found;
}
