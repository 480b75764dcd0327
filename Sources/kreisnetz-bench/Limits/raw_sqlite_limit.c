// SPDX-License-Identifier: EUPL-1.2
/* The limit for writing the directory workload: plain SQLite in C, no log, no checks.
   gcc -O2 -o raw_sqlite_limit raw_sqlite_limit.c -lsqlite3
   python3 directory_workload.py --out DIR
   SCHEMA=rowid CKPT=20000 ./raw_sqlite_limit DIR/raw.db DIR/records.tsv DIR/updates.tsv 10000 [mode]
   SCHEMA=rowid: rowid table with a unique index on id (default WITHOUT ROWID, far slower with random ids)
   CKPT: wal_autocheckpoint in pages (default 1000); 10000: rows a transaction
   mode: plain  = UPDATE org SET field=? WHERE id=?
         lww    = a clock table (id, field), read, compared and written beside
         lwwcol = the twelve clocks packed into one BLOB column of the row
   It runs with synchronous=NORMAL; FULL costs one fsync a transaction more.
*/
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <stdint.h>
static double now(void){struct timespec t;clock_gettime(CLOCK_MONOTONIC,&t);return t.tv_sec+t.tv_nsec*1e-9;}
static double cpu(void){struct timespec t;clock_gettime(CLOCK_PROCESS_CPUTIME_ID,&t);return t.tv_sec+t.tv_nsec*1e-9;}
static sqlite3*db;
static void X(const char*s){char*e=0;if(sqlite3_exec(db,s,0,0,&e)){fprintf(stderr,"%s: %s\n",s,e);exit(1);}}
static const char*F[]={"name","type","street","postcode","city","phone","email","url","description","district","min_age","max_age"};
typedef struct{char*c[16];int n;}Row;
static Row*load(const char*p,int*cnt){FILE*f=fopen(p,"rb");if(!f){perror(p);exit(1);}fseek(f,0,2);long L=ftell(f);rewind(f);char*b=malloc(L+1);if(fread(b,1,L,f)!=(size_t)L)exit(1);b[L]=0;fclose(f);
 int cap=1024,n=0;Row*r=malloc(cap*sizeof(Row));char*s=b;while(s<b+L){if(n==cap){cap*=2;r=realloc(r,cap*sizeof(Row));}Row*w=&r[n++];w->n=0;for(;;){w->c[w->n++]=s;char*q=s;while(*q!='\t'&&*q!='\n')q++;char k=*q;*q=0;s=q+1;if(k=='\n')break;}}*cnt=n;return r;}
static sqlite3_stmt*P(const char*s){sqlite3_stmt*t;if(sqlite3_prepare_v3(db,s,-1,SQLITE_PREPARE_PERSISTENT,&t,0)){fprintf(stderr,"%s: %s\n",s,sqlite3_errmsg(db));exit(1);}return t;}
static int fidx(const char*f){for(int i=0;i<12;i++)if(!strcmp(f,F[i]))return i;return -1;}
int main(int argc,char**argv){
 const char*path=argv[1];int batch=argc>4?atoi(argv[4]):1000;const char*mode=argc>5?argv[5]:"plain";
 int nr,nu;Row*R=load(argv[2],&nr);Row*U=load(argv[3],&nu);
 char t[512];snprintf(t,512,"%s-wal",path);remove(t);snprintf(t,512,"%s-shm",path);remove(t);remove(path);
 if(sqlite3_open(path,&db))return 1;
 X("PRAGMA page_size=4096");X("PRAGMA journal_mode=WAL");X("PRAGMA synchronous=NORMAL");X("PRAGMA cache_size=-65536");
 const char*ck=getenv("CKPT");if(ck){char b[99];snprintf(b,99,"PRAGMA wal_autocheckpoint=%s",ck);X(b);}
 int rowid=getenv("SCHEMA")&&!strcmp(getenv("SCHEMA"),"rowid");
 int lww=!strcmp(mode,"lww"),lwwcol=!strcmp(mode,"lwwcol");
 char sql[2048];
 snprintf(sql,2048,"CREATE TABLE org(%sid TEXT %s,name TEXT,type TEXT,street TEXT,postcode TEXT,city TEXT,phone TEXT,email TEXT,url TEXT,description TEXT,district TEXT,min_age TEXT,max_age TEXT%s)%s",rowid?"":"",rowid?"UNIQUE NOT NULL":"PRIMARY KEY",lwwcol?",clk BLOB":"",rowid?"":" WITHOUT ROWID");X(sql);
 X("CREATE INDEX org_city ON org(city,type)");
 if(lww)X("CREATE TABLE clk(id TEXT,field INT,hlc INT,node TEXT,PRIMARY KEY(id,field)) WITHOUT ROWID");
 sqlite3_stmt*ins=P(lwwcol?"INSERT INTO org VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)":"INSERT INTO org VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)");
 unsigned char blob[192];memset(blob,0,192);
 double t0=now(),c0=cpu();
 for(int i=0;i<nr;i++){ if(i%batch==0)X("BEGIN IMMEDIATE");
  for(int k=0;k<13;k++)sqlite3_bind_text(ins,k+1,R[i].c[k],-1,SQLITE_STATIC);
  if(lwwcol)sqlite3_bind_blob(ins,14,blob,192,SQLITE_STATIC);
  if(sqlite3_step(ins)!=SQLITE_DONE){fprintf(stderr,"%s\n",sqlite3_errmsg(db));return 1;} sqlite3_reset(ins);
  if(i%batch==batch-1||i==nr-1)X("COMMIT"); }
 double ti=now()-t0,ci=cpu()-c0;
 X("PRAGMA wal_checkpoint(TRUNCATE)");
 sqlite3_stmt*up[12];for(int i=0;i<12;i++){snprintf(sql,2048,lwwcol?"UPDATE org SET %s=?,clk=?3 WHERE id=?2":"UPDATE org SET %s=? WHERE id=?",F[i]);up[i]=P(sql);}
 sqlite3_stmt*g=0,*w=0;if(lww){g=P("SELECT hlc,node FROM clk WHERE id=? AND field=?");w=P("INSERT INTO clk VALUES(?,?,?,?) ON CONFLICT DO UPDATE SET hlc=excluded.hlc,node=excluded.node");}
 if(lwwcol)g=P("SELECT clk FROM org WHERE id=?");
 t0=now();c0=cpu();int won=0;
 for(int i=0;i<nu;i++){ if(i%batch==0)X("BEGIN IMMEDIATE");
  char**c=U[i].c;int f=fidx(c[1]);long long hlc=atoll(c[3])<<16;int take=1;
  if(lww){sqlite3_bind_text(g,1,c[0],16,SQLITE_STATIC);sqlite3_bind_int(g,2,f);if(sqlite3_step(g)==SQLITE_ROW){long long h=sqlite3_column_int64(g,0);const char*n=(const char*)sqlite3_column_text(g,1);take=hlc>h||(hlc==h&&strcmp(c[4],n)>0);}sqlite3_reset(g);
   if(take){sqlite3_bind_text(w,1,c[0],16,SQLITE_STATIC);sqlite3_bind_int(w,2,f);sqlite3_bind_int64(w,3,hlc);sqlite3_bind_text(w,4,c[4],-1,SQLITE_STATIC);if(sqlite3_step(w)!=SQLITE_DONE)return 1;sqlite3_reset(w);}}
  if(lwwcol){sqlite3_bind_text(g,1,c[0],16,SQLITE_STATIC);if(sqlite3_step(g)==SQLITE_ROW){memcpy(blob,sqlite3_column_blob(g,0),192);int64_t h;memcpy(&h,blob+f*16,8);take=hlc>h||(hlc==h&&memcmp(c[4]+1,blob+f*16+8,8)>0);}sqlite3_reset(g);
   if(take){memcpy(blob+f*16,&hlc,8);memcpy(blob+f*16+8,c[4]+1,8);}}
  if(take){won++;sqlite3_stmt*s=up[f];sqlite3_bind_text(s,1,c[2],-1,SQLITE_STATIC);sqlite3_bind_text(s,2,c[0],16,SQLITE_STATIC);if(lwwcol)sqlite3_bind_blob(s,3,blob,192,SQLITE_STATIC);if(sqlite3_step(s)!=SQLITE_DONE)return 1;sqlite3_reset(s);}
  if(i%batch==batch-1||i==nu-1)X("COMMIT"); }
 double tu=now()-t0,cu=cpu()-c0;
 X("PRAGMA wal_checkpoint(TRUNCATE)");
 sqlite3_stmt*q=P("PRAGMA page_count");sqlite3_step(q);long long pc=sqlite3_column_int64(q,0);
 printf("{\"sqlite\":\"%s\",\"mode\":\"%s\",\"schema\":\"%s\",\"ckpt\":\"%s\",\"batch\":%d,\"insert_per_s\":%.0f,\"insert_cpu_us\":%.2f,\"update_per_s\":%.0f,\"update_cpu_us\":%.2f,\"applied\":%d,\"db_bytes\":%lld}\n",sqlite3_libversion(),mode,rowid?"rowid":"without_rowid",ck?ck:"1000",batch,nr/ti,ci/nr*1e6,nu/tu,cu/nu*1e6,won,pc*4096);
 return 0;}
