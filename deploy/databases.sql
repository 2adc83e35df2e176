-- A database for each service that owns data; each service's own user, and nobody else, may connect to it.
CREATE USER identity PASSWORD 'identity';
CREATE USER documents PASSWORD 'documents';
CREATE USER messaging PASSWORD 'messaging';
CREATE USER linking PASSWORD 'linking';
CREATE USER notify PASSWORD 'notify';
CREATE DATABASE identity OWNER identity;
CREATE DATABASE documents OWNER documents;
CREATE DATABASE messaging OWNER messaging;
CREATE DATABASE linking OWNER linking;
CREATE DATABASE notify OWNER notify;
REVOKE CONNECT ON DATABASE identity, documents, messaging, linking, notify FROM PUBLIC;
