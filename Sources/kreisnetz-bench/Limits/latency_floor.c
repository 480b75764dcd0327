// SPDX-License-Identifier: EUPL-1.2
/* The floor of edit-to-visible through a hub: process A -TLS-> HUB -TLS-> B on 127.0.0.1, in C, nothing but what must be.
   A: SHA-256 chain + Ed25519 sign + SQLite commit; HUB: verify + append + commit; B: verify + upsert + commit.
   gcc -O2 -o latency_floor latency_floor.c -lssl -lcrypto -lsqlite3
   ./latency_floor DIR cert.pem key.pem N FULL 1 1      (synchronous, crypto 0|1, TLS 0|1)  -> one time in ms per line
*/
#include <openssl/ssl.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <sys/wait.h>
#define M 320
static double now(void){struct timespec t;clock_gettime(CLOCK_MONOTONIC,&t);return t.tv_sec+t.tv_nsec*1e-9;}
static int tls,crypto;static const char*sync_;static char*dir;
typedef struct{int fd;SSL*s;}C;
static void wr(C*c,void*b,int n){char*p=b;while(n){int k=c->s?SSL_write(c->s,p,n):write(c->fd,p,n);if(k<=0)exit(2);p+=k;n-=k;}}
static int rd(C*c,void*b,int n){char*p=b;while(n){int k=c->s?SSL_read(c->s,p,n):read(c->fd,p,n);if(k<=0)return 0;p+=k;n-=k;}return 1;}
static sqlite3*db;static sqlite3_stmt*st;
static void X(const char*s){char*e=0;if(sqlite3_exec(db,s,0,0,&e)){fprintf(stderr,"%s %s\n",s,e);exit(1);}}
static void odb(const char*n,int log){char p[500];snprintf(p,500,"%s/%s",dir,n);char q[520];remove(p);snprintf(q,520,"%s-wal",p);remove(q);snprintf(q,520,"%s-shm",p);remove(q);sqlite3_open(p,&db);X("PRAGMA journal_mode=WAL");snprintf(q,520,"PRAGMA synchronous=%s",sync_);X(q);
 if(log){X("CREATE TABLE log(seq INTEGER PRIMARY KEY,e BLOB)");sqlite3_prepare_v2(db,"INSERT INTO log(e) VALUES(?)",-1,&st,0);}
 else{X("CREATE TABLE org(id TEXT PRIMARY KEY,phone TEXT,hlc INT)");sqlite3_prepare_v2(db,"INSERT INTO org VALUES(?,?,?) ON CONFLICT DO UPDATE SET phone=excluded.phone,hlc=excluded.hlc WHERE excluded.hlc>hlc",-1,&st,0);}}
static void app(void*m){sqlite3_bind_blob(st,1,m,M,SQLITE_STATIC);if(sqlite3_step(st)!=SQLITE_DONE)exit(1);sqlite3_reset(st);}
static EVP_PKEY*key(void){unsigned char k[32];memset(k,7,32);return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519,0,k,32);}
static void verify(EVP_PKEY*k,unsigned char*m){if(!crypto)return;EVP_MD_CTX*x=EVP_MD_CTX_new();EVP_DigestVerifyInit(x,0,0,0,k);if(EVP_DigestVerify(x,m+M-64,64,m,M-64)!=1){fprintf(stderr,"bad sig\n");exit(1);}EVP_MD_CTX_free(x);}
static SSL_CTX*ctx(int srv,char**v){SSL_CTX*c=SSL_CTX_new(srv?TLS_server_method():TLS_client_method());if(srv){SSL_CTX_use_certificate_file(c,v[2],1);SSL_CTX_use_PrivateKey_file(c,v[3],1);}return c;}
static int lst(int*port){int s=socket(2,1,0);struct sockaddr_in a={.sin_family=2,.sin_addr={htonl(0x7f000001)}};if(bind(s,(void*)&a,sizeof a))exit(1);listen(s,5);socklen_t l=sizeof a;getsockname(s,(void*)&a,&l);*port=ntohs(a.sin_port);return s;}
static C acc(int l,SSL_CTX*c){C r={accept(l,0,0),0};int o=1;setsockopt(r.fd,6,TCP_NODELAY,&o,4);if(tls){r.s=SSL_new(c);SSL_set_fd(r.s,r.fd);if(SSL_accept(r.s)!=1)exit(3);}return r;}
static C dial(int port,SSL_CTX*c){C r={socket(2,1,0),0};struct sockaddr_in a={.sin_family=2,.sin_port=htons(port),.sin_addr={htonl(0x7f000001)}};if(connect(r.fd,(void*)&a,sizeof a))exit(4);int o=1;setsockopt(r.fd,6,TCP_NODELAY,&o,4);if(tls){r.s=SSL_new(c);SSL_set_fd(r.s,r.fd);if(SSL_connect(r.s)!=1)exit(5);}return r;}
int main(int n_,char**v){dir=v[1];int n=atoi(v[4]);sync_=v[5];crypto=atoi(v[6]);tls=atoi(v[7]);
 volatile double*sh=mmap(0,1<<16,3,MAP_SHARED|MAP_ANONYMOUS,-1,0);volatile long*cnt=(long*)(sh+64);
 int pa,l=lst(&pa);
 if(!fork()){odb("hub.db",1);SSL_CTX*c=ctx(1,v);C b=acc(l,c);C a=acc(l,c);EVP_PKEY*k=key();unsigned char m[M];while(rd(&a,m,M)){verify(k,m);app(m);wr(&b,m,M);}_exit(0);}
 if(!fork()){odb("b.db",0);C h=dial(pa,ctx(0,v));EVP_PKEY*k=key();unsigned char m[M];cnt[1]=1;while(rd(&h,m,M)){verify(k,m);sqlite3_bind_text(st,1,(char*)m,16,SQLITE_STATIC);sqlite3_bind_text(st,2,(char*)m+16,20,SQLITE_STATIC);sqlite3_bind_int64(st,3,*(long*)(m+40));if(sqlite3_step(st)!=SQLITE_DONE)_exit(1);sqlite3_reset(st);sh[0]=now();__sync_synchronize();cnt[0]++;}_exit(0);}
 while(!cnt[1])usleep(1000);
 odb("a.db",1);C h=dial(pa,ctx(0,v));EVP_PKEY*k=key();unsigned char m[M],prev[32]={0};
 for(int i=0;i<n;i++){memset(m,'x',M);snprintf((char*)m,17,"%016d",i%1000);double t=now();*(long*)(m+40)=i+1;memcpy(m+48,prev,32);unsigned hl;EVP_Digest(m,M-64,prev,&hl,EVP_sha256(),0);
  if(crypto){EVP_MD_CTX*x=EVP_MD_CTX_new();EVP_DigestSignInit(x,0,0,0,k);size_t sl=64;EVP_DigestSign(x,m+M-64,&sl,m,M-64);EVP_MD_CTX_free(x);}
  app(m);wr(&h,m,M);while(cnt[0]!=i+1)usleep(20);printf("%.4f\n",(sh[0]-t)*1e3);if(getenv("SPIN")){double e=now()+.0005;while(now()<e);}else usleep(5000);}
 close(h.fd);wait(0);wait(0);return 0;}
