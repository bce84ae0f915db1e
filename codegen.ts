import type { CodegenConfig } from '@graphql-codegen/cli';

/** Types from schema.graphql: of the resolvers for the server, of the documents for clients. `npm run codegen`. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  generates: {
    'src/graphql/generated/resolvers.ts': {
      plugins: ['typescript', 'typescript-resolvers'],
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        contextType: '../context.ts#Context',
        scalars: { ID: 'string', DateTime: { input: 'number', output: 'number' }, Date: 'string', Cursor: 'string' },
        mappers: {
          Generation: '../../domain/generation.ts#Generation as GenerationRow',
          GenerationEvent: '../events.ts#GenerationEventOf',
          GenerationQueued: '../events.ts#GenerationEventOf',
          AttemptStarted: '../events.ts#GenerationEventOf',
          TextAppended: '../events.ts#GenerationEventOf',
          GenerationEnded: '../events.ts#GenerationEventOf',
          ApiKey: '../../domain/api-key.ts#ApiKey as ApiKeyRow',
          AuditEvent: '../../domain/audit.ts#AuditEvent as AuditEventRow',
          Conversation: '../../domain/conversation.ts#Conversation as ConversationRow',
          Message: '../../domain/conversation.ts#Message as MessageRow',
          DailyUsage: '../../store/store.ts#DailyUsage as DailyUsageRow',
          ShareLink: '../../domain/sharing.ts#ShareLink as ShareLinkRow',
          Viewer: '../../domain/conversation.ts#Viewer as ViewerRow',
          Model: '../../domain/model.ts#Model as ModelRow',
          Service: '../context.ts#ServiceFacts',
        },
      },
    },
    'src/client/generated/operations.ts': {
      plugins: ['typescript-operations', 'typed-document-node'],
      documents: 'src/client/*.graphql',
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        scalars: { ID: 'string', DateTime: 'string', Date: 'string', Cursor: 'string' },
      },
    },
  },
};

export default config;
