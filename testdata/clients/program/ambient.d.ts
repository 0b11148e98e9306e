// As much of Node.js as is used here.
declare const process: { readonly env: Record<string, string | undefined>; exitCode?: number };
