export function apiTypes(): Promise<string>
export function committed(): string
