import { memoryLimits } from '../../src/limits/memory.ts';
import { limitsContract } from '../contract/limits.ts';

limitsContract('memoryLimits', async () => ({ nodes: [memoryLimits()], close: async () => {} }));
