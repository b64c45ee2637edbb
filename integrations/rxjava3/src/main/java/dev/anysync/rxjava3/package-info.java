/** RxJava in either style: {@link dev.anysync.rxjava3.AnySyncRxJava}. */
package dev.anysync.rxjava3;
