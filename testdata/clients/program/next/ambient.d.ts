// As much of Next.js and React as is used here.
declare module "next/cache" {
  export function revalidateTag(tag: string, profile: string | { expire?: number }): void;
}
declare module "next/navigation" {
  export function useRouter(): { refresh(): void };
}
declare module "react" {
  export function useEffect(effect: () => (() => void) | void, dependencies: readonly unknown[]): void;
  export function useState<S>(initial: S): [S, (next: S | ((before: S) => S)) => void];
}
declare namespace JSX {
  interface IntrinsicAttributes {
    key?: string;
  }
  interface IntrinsicElements {
    [name: string]: unknown;
  }
}
